//! The daily verbs of the repository.

fn main() {}
