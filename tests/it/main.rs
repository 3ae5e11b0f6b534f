//! The program as its users meet it, and the rules that its source keeps.

mod tidy;
