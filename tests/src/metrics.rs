use crate::Answer;

/// What `/metrics` said at one moment.
#[derive(Debug)]
pub struct Metrics(String);

impl Metrics {
    /// Reads an answer.
    ///
    /// # Panics
    ///
    /// When it holds no metrics.
    pub fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.text().ends_with("# EOF\n"), "{answer:?}");
        Self(answer.text().to_owned())
    }

    /// The value of the one sample of this name that has all these labels.
    ///
    /// # Panics
    ///
    /// When there is none, or another has them too.
    #[track_caller]
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let labels: Vec<String> = labels
            .iter()
            .map(|(key, value)| format!("{key}=\"{value}\""))
            .collect();
        let of_name = |sample: &&str| {
            sample
                .strip_prefix(name)
                .is_some_and(|rest| rest.starts_with([' ', '{']))
        };
        let samples = self.samples().filter(of_name);
        let found: Vec<&str> = samples
            .filter(|sample| labels.iter().all(|label| sample.contains(label)))
            .collect();
        let [sample] = found[..] else {
            panic!("{name} {labels:?} is {found:?} in:\n{}", self.0);
        };
        let (_, value) = sample.rsplit_once(' ').expect("a value");
        value.parse().expect("a number")
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The lines that are samples.
    pub fn samples(&self) -> impl Iterator<Item = &str> {
        self.0.lines().filter(|line| !line.starts_with('#'))
    }
}
