//! What hotfix writes on the objects of the cluster, and what it reads there: names of annotations
//! and labels.

/// The label that tells the pods of one template from those of another; the cluster sets it.
pub const HASH: &str = "pod-template-hash";
/// What `kubectl rollout history` shows of a revision.
pub const CHANGE_CAUSE: &str = "kubernetes.io/change-cause";
/// Which change hotfix made last, so that one that was broken off is known again.
pub const CHANGE: &str = "hotfix/change";
/// The release of a record, or of a template whose image is by digest.
pub const RELEASE: &str = "hotfix/release";
/// How many instances there were before hotfix took them away.
pub const REPLICAS: &str = "hotfix/replicas";
