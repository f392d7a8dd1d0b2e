//! A slice that several threads write to, each its own part.

use std::marker::PhantomData;

/// Mutable memory without the borrow checker's protection, for regions whose parts are disjoint by construction.
pub(crate) struct Shared<'a, T> {
    start: *mut T,
    length: usize,
    slice: PhantomData<&'a mut [T]>,
}

// SAFETY: what is written where is the duty of whoever calls `at`.
unsafe impl<T: Send> Sync for Shared<'_, T> {}

impl<'a, T> Shared<'a, T> {
    /// Shares a slice for as long as it is borrowed.
    pub(crate) fn new(slice: &'a mut [T]) -> Self {
        Self { start: slice.as_mut_ptr(), length: slice.len(), slice: PhantomData }
    }

    /// A part of the slice.
    ///
    /// # Safety
    /// No two parts that are in use at the same time overlap.
    #[expect(clippy::mut_from_ref, reason = "the point of the type")]
    pub(crate) unsafe fn part(&self, start: usize, length: usize) -> &mut [T] {
        assert!(start <= self.length && length <= self.length - start, "a part lies within its slice");
        // SAFETY: within the slice, and disjoint from the others as the caller promises.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(start), length) }
    }

    /// The address of one element; writing through it is for the caller to justify.
    pub(crate) fn address(&self, index: usize) -> *mut T {
        debug_assert!(index < self.length);
        self.start.wrapping_add(index)
    }
}
