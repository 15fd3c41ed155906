//! For cargo-fuzz: see `kmi_fuzz::targets`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    kmi_fuzz::run("rest_errors", input);
});
