"""Commands that prepare: a workspace, the demo, the doctor, the app."""
