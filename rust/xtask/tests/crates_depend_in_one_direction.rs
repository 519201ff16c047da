//! A dependency against the layers is found.

use xtask::check::layers::{Edge, problems, violations};

fn edge(from: &str, to: &str) -> Edge {
    Edge {
        from: from.to_owned(),
        to: to.to_owned(),
    }
}

#[test]
fn this_workspace_keeps_its_layers() {
    assert_eq!(problems(&xtask::repository_root()), Vec::<String>::new());
}

#[test]
fn the_wire_depends_on_nothing_of_ours() {
    assert_eq!(
        violations(&[edge("m531x-at", "m531x-core")]),
        ["crate m531x-at must not depend on m531x-core: layers run one way"]
    );
}

#[test]
fn core_and_virtual_modem_know_only_the_wire() {
    let found = violations(&[
        edge("m531x-core", "m531x-at"),
        edge("m531x-core", "m531x-virtual-modem"),
        edge("m531x-virtual-modem", "m531x-at"),
        edge("m531x-virtual-modem", "m531x-core"),
    ]);
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn nothing_depends_on_a_front() {
    for front in ["m531x-capi", "m531x-python", "m531x-cli"] {
        for other in ["m531x-at", "m531x-core", "m531x-virtual-modem", "m531x-cli"] {
            assert_eq!(
                violations(&[edge(other, front)]).len(),
                1,
                "{other} -> {front}"
            );
        }
    }
}

#[test]
fn a_front_may_start_a_virtual_modem() {
    assert!(violations(&[edge("m531x-python", "m531x-virtual-modem")]).is_empty());
}
