//! The corpus keeps up with the lines that its readers put behind a message.

mod smuggling_corpus;

use smuggling_corpus::{FORGED_LINES, attacks, overreach, surroundings};

#[test]
fn the_corpus_covers_every_line_end_of_what_follows() {
    let (_, behind) = surroundings();
    let topics: Vec<String> = attacks().into_iter().map(|attack| attack.topic).collect();
    for (line_end, _) in behind.match_indices("\r\n") {
        // The message's own CR LF lies in front of what follows.
        for payload in ["hi", FORGED_LINES] {
            let wanted = overreach("x", "y", payload, line_end + 2).topic;
            assert!(topics.contains(&wanted), "{wanted}");
        }
    }
}
