//! The arithmetic of the models.
