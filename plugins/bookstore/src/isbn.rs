//! International Standard Book Numbers of thirteen digits.

/// The digits of a valid ISBN; hyphens and spaces are for the eye.
pub(crate) fn digits(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
    let (number, check) = digits.split_at_checked(12)?;
    let is_valid = number.starts_with("978") || number.starts_with("979");
    (is_valid && check == check_digit(number)?.to_string()).then_some(digits)
}

/// The number of this rank among those that begin with 978.
pub(crate) fn numbered(rank: u32) -> String {
    let number = format!("978{rank:09}");
    let check = check_digit(&number).expect("a formatted number is digits");
    format!("{number}{check}")
}

/// The digit that makes the sum of all, every second one times three, a
/// multiple of ten.
fn check_digit(number: &str) -> Option<u32> {
    let mut sum = 0;
    for (digit, weight) in number.chars().zip([1, 3].into_iter().cycle()) {
        sum += digit.to_digit(10)? * weight;
    }
    Some((10 - sum % 10) % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_number_is_valid() {
        assert_eq!(
            digits("978-0-306-40615-7").as_deref(),
            Some("9780306406157")
        );
        assert_eq!(digits("9791090636071").as_deref(), Some("9791090636071"));
    }

    #[test]
    fn a_typing_mistake_is_found() {
        for wrong in [
            "9780306406158",
            "978030640615",
            "97803064061577",
            "1230306406157",
            "",
            "978030640615é",
            "é78030640615",
        ] {
            assert_eq!(digits(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn numbers_we_make_are_valid() {
        for rank in [0, 1, 999_999_999] {
            assert!(digits(&numbered(rank)).is_some());
        }
    }
}
