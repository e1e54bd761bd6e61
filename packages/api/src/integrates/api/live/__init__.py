"""Live: what was changed a moment ago, told to who follows a group or an import."""
