//! `--broker native`.
