//! What the demonstration data is made of.

use super::random::Random;

pub(super) const CATEGORIES: [&str; 12] = [
    "Fiction",
    "Science Fiction",
    "Mystery",
    "Poetry",
    "History",
    "Biography",
    "Science",
    "Philosophy",
    "Travel",
    "Cooking",
    "Art",
    "Computing",
];

const ADJECTIVES: [&str; 24] = [
    "Amber",
    "Ancient",
    "Broken",
    "Crimson",
    "Distant",
    "Electric",
    "Forgotten",
    "Gentle",
    "Hidden",
    "Hollow",
    "Invisible",
    "Last",
    "Long",
    "Northern",
    "Paper",
    "Patient",
    "Quiet",
    "Restless",
    "Salt",
    "Second",
    "Silver",
    "Unwritten",
    "Wandering",
    "Winter",
];

const NOUNS: [&str; 32] = [
    "Archive",
    "Atlas",
    "Bridge",
    "Cartographer",
    "City",
    "Clock",
    "Compass",
    "Country",
    "Daughter",
    "Election",
    "Forest",
    "Garden",
    "Harbour",
    "House",
    "Island",
    "Kitchen",
    "Lantern",
    "Letter",
    "Library",
    "Lighthouse",
    "Machine",
    "Map",
    "Mountain",
    "Museum",
    "Orchard",
    "Printer",
    "River",
    "Sea",
    "Station",
    "Street",
    "Summer",
    "Theatre",
];

const PLACES: [&str; 16] = [
    "Bergen",
    "Bologna",
    "Cairo",
    "Cork",
    "Gdansk",
    "Hokkaido",
    "Istanbul",
    "Kyoto",
    "Lagos",
    "Lisbon",
    "Odesa",
    "Oaxaca",
    "Prague",
    "Quito",
    "Tbilisi",
    "Valparaiso",
];

const FIRST_NAMES: [&str; 32] = [
    "Ada", "Amina", "Anders", "Beatriz", "Chen", "Clara", "Daniel", "Elif", "Emeka", "Fatima",
    "Gustav", "Hana", "Ines", "Ivan", "Jonas", "Kamala", "Kenji", "Leila", "Lucia", "Magnus",
    "Mei", "Nadia", "Noor", "Olga", "Pablo", "Priya", "Rosa", "Samuel", "Tomas", "Wanjiru", "Yuki",
    "Zofia",
];

const LAST_NAMES: [&str; 40] = [
    "Achebe",
    "Almeida",
    "Andersson",
    "Bauer",
    "Byrne",
    "Castillo",
    "Chowdhury",
    "Costa",
    "Demir",
    "Dubois",
    "Eriksen",
    "Farah",
    "Fischer",
    "Garcia",
    "Haddad",
    "Hansen",
    "Ito",
    "Ivanova",
    "Jansen",
    "Kamau",
    "Kowalska",
    "Kumar",
    "Lind",
    "Lopez",
    "Marino",
    "Mbeki",
    "Moreau",
    "Nakamura",
    "Novak",
    "Nwosu",
    "Okafor",
    "Olsen",
    "Petrov",
    "Rahman",
    "Rossi",
    "Sato",
    "Silva",
    "Tanaka",
    "Weber",
    "Zhang",
];

pub(super) const COUNTRIES: [&str; 16] = [
    "Argentina",
    "Brazil",
    "China",
    "Egypt",
    "France",
    "Germany",
    "India",
    "Ireland",
    "Italy",
    "Japan",
    "Kenya",
    "Mexico",
    "Nigeria",
    "Norway",
    "Poland",
    "Portugal",
];

const TAGS: [&str; 12] = [
    "award",
    "bestseller",
    "classic",
    "debut",
    "essays",
    "illustrated",
    "large-print",
    "new",
    "sale",
    "signed",
    "translated",
    "used",
];

const PRAISE: [&str; 10] = [
    "I could not put it down.",
    "A slow start, but the second half is worth it.",
    "Beautifully written, and funny in places.",
    "The characters stayed with me for weeks.",
    "Too long by a hundred pages.",
    "I bought a copy for everyone I know.",
    "Not for me, though I see why others like it.",
    "The best thing I have read this year.",
    "Careful, clever and a little cold.",
    "Read it on a train and missed my stop.",
];

pub(super) fn title(random: &mut Random) -> String {
    let (adjective, noun) = (random.one_of(&ADJECTIVES), random.one_of(&NOUNS));
    match random.between(0, 4) {
        0 => format!("The {adjective} {noun}"),
        1 => format!("{adjective} {noun}"),
        2 => format!("The {noun} of {}", random.one_of(&PLACES)),
        3 => format!("The {noun} and the {}", random.one_of(&NOUNS)),
        _ => format!("A {noun} in {}", random.one_of(&PLACES)),
    }
}

pub(super) fn person(random: &mut Random) -> String {
    let (first, last) = (random.one_of(&FIRST_NAMES), random.one_of(&LAST_NAMES));
    format!("{first} {last}")
}

pub(super) fn review(random: &mut Random) -> String {
    format!("{} {}", random.one_of(&PRAISE), random.one_of(&PRAISE))
}

/// From none to three.
pub(super) fn tags(random: &mut Random) -> Vec<String> {
    let mut tags: Vec<_> = TAGS.iter().filter(|_| random.once_in(8)).copied().collect();
    tags.truncate(3);
    tags.into_iter().map(str::to_owned).collect()
}
