//! What the benches in `benches/*.rs` make of their figures.

/// The value below which half of them lie.
pub fn median(values: &[f64]) -> f64 {
    percentile(values, 50)
}

/// The median of the rounds' ratios, and between which two the middle half of them lies.
pub fn spread(ratios: &[f64]) -> String {
    let [low, middle, high] = [25, 50, 75].map(|percent| percentile(ratios, percent));
    format!("{middle:.2} ({low:.2} to {high:.2})")
}

/// The value below which this many percent lie.
pub fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[(sorted.len() - 1) * percent / 100]
}
