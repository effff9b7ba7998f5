"""The report as a static site: pages of HTML that work from disk, without a network, under a strict Content-Security-Policy."""
