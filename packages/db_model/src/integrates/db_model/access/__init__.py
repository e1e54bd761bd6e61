"""Access of stakeholders to organizations and groups."""
