//! A node of the tree and what is around it.

use std::ops::Range;

use tree_sitter::Node;

use super::entity::{Declared, Kind};

/// A node that is being walked through, with its text and the nodes above it.
#[derive(Clone, Copy)]
pub struct Place<'a, 'tree> {
    pub node: Node<'tree>,
    pub kind: &'tree str,
    pub field: Option<&'tree str>,
    pub text: &'a [u8],
    /// The nodes above, the root first.
    pub parents: &'a [Parent<'tree>],
}

/// A node above another.
#[derive(Clone, Debug)]
pub struct Parent<'tree> {
    pub kind: &'tree str,
    pub field: Option<&'tree str>,
    pub bytes: Range<usize>,
    /// The entity that it is, by its place in the list.
    pub entity: Option<usize>,
}

impl<'a, 'tree> Place<'a, 'tree> {
    /// The kind of the node `above` levels up, 0 for the one right above; empty above the root.
    pub fn above(&self, above: usize) -> &'tree str {
        let index = self.parents.len().checked_sub(above + 1);
        index.map_or("", |index| self.parents[index].kind)
    }

    /// The child in a field, if there is one.
    pub fn child(&self, field: &str) -> Option<Node<'tree>> {
        self.node.child_by_field_name(field)
    }

    /// The children of the node, all of them.
    pub fn children(&self) -> Vec<Node<'tree>> {
        self.node.children(&mut self.node.walk()).collect()
    }

    /// The node's own bytes as text.
    pub fn own_text(&self) -> String {
        self.text_of(self.node)
    }

    /// The bytes of a node as text, the first 300 of them: what is asked for is names.
    pub fn text_of(&self, node: Node) -> String {
        let bytes = &self.text[node.byte_range()];
        String::from_utf8_lossy(&bytes[..bytes.len().min(300)]).into_owned()
    }

    /// Whether a child, or a child of one of its `modifiers`, is this word.
    pub fn has_word(&self, word: &str) -> bool {
        self.children().into_iter().any(|child| match child.kind() {
            "modifiers" => self.text_of(child).split_whitespace().any(|found| found == word),
            _ => child.byte_range().len() == word.len() && self.text[child.byte_range()] == *word.as_bytes(),
        })
    }

    /// What the node declares where its name and its body are in the fields of these names.
    pub fn declared(&self, kind: Kind, public: bool) -> Option<Declared> {
        let name = self.text_of(self.child("name")?);
        Some(Declared { kind, name, body: self.child("body").map(|body| body.byte_range()), public })
    }

    /// The same, with the body in the field `value`.
    pub fn declared_value(&self, kind: Kind, public: bool) -> Option<Declared> {
        let body = self.child("value").map(|value| value.byte_range());
        Some(Declared { body, ..self.declared(kind, public)? })
    }

    /// Whether a node has no child besides brackets and comments.
    pub fn is_empty(&self, block: Node) -> bool {
        block.named_children(&mut block.walk()).all(|child| child.kind().contains("comment"))
    }
}
