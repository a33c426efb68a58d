use crate::{AuthProperties, ReasonCode};

/// AUTH: one step of an enhanced authentication (§3.15); 5.0 only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Auth {
    /// Success, continue or re-authenticate.
    pub reason: ReasonCode,
    /// The properties.
    pub properties: AuthProperties,
}
