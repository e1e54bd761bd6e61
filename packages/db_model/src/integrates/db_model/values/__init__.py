"""Rules of fields: what a text, a url or a date must look like before the model takes it."""
