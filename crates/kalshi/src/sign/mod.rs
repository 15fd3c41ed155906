//! Keys, signatures over requests, and their verification.
