//! How a picture, words and a code stand together in a frame.

mod backdrop;
pub(crate) mod code_panel;
pub(crate) mod code_square;
pub(crate) mod content;
pub(crate) mod frame;
pub(crate) mod layout;
pub(crate) mod moving_layer;
pub(crate) mod poster;
