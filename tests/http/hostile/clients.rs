//! Clients that announce, hold back, or never take.

use super::*;
