"""Cases times methods: finding cases, running them, and the evidence for claims. Data only; rendering is elsewhere."""
