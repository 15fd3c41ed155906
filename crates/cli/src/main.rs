//! `kmi`: the command line.

fn main() {}
