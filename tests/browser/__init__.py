"""Pages in a real Chromium: what they load, what they complain of, what they show, and whether everyone can use them."""
