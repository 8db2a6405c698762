//! What several tests set up: modules that are programs and endpoints, and clients under whose load a server is put.

pub mod built;
pub mod endpoint;
pub mod evidence;
pub mod load;
pub mod program;
pub mod teller;
