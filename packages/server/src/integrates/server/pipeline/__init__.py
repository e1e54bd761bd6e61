"""What pipelines do with a scan: import it, compare it, and let the gate decide about the build."""
