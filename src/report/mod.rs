//! From the journal to text for people. Pure, except for [`template::Templates::load`].

pub mod changelog;
pub mod clocks;
pub mod document;
mod findings;
pub mod junit;
mod markdown;
pub mod next;
mod next_steps;
pub mod template;
pub mod timeline;
mod view;
mod wording;

#[cfg(test)]
mod tests;
