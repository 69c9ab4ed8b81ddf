"""Pictures to try everything on, drawn rather than downloaded, their every defect known."""
