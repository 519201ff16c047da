//! One name in the spellings of the languages.

/// `InvalidArgument` -> `INVALID_ARGUMENT`.
pub(crate) fn shout(name: &str) -> String {
    let mut shouted = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !shouted.is_empty() {
            shouted.push('_');
        }
        shouted.push(letter.to_ascii_uppercase());
    }
    shouted
}

/// `INVALID_ARGUMENT` -> `InvalidArgument`.
pub(crate) fn camel_case(name: &str) -> String {
    name.split('_')
        .filter_map(|word| word.split_at_checked(1))
        .flat_map(|(first, rest)| [first.to_owned(), rest.to_ascii_lowercase()])
        .collect()
}

/// `INVALID_ARGUMENT` -> `invalid argument`.
pub(crate) fn words(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', " ")
}
