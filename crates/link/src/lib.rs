//! The multiplexer between bridge, tab and workers: streams with credit over one ordered message channel.
