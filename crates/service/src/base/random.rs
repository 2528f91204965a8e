//! Randomness as a parameter.

/// A source of unguessable bytes.
pub trait Random: Send + Sync {
    /// Fills the buffer.
    ///
    /// # Errors
    /// When the source does not answer; then nothing may be built on the buffer.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), String>;
}

/// The operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), String> {
        getrandom::fill(buffer).map_err(|e| {
            tracing::error!(error = %e, "the operating system returned no random bytes");
            "the server could not generate a random value; try again".to_owned()
        })
    }
}
