"""Commands that look: classes, mistakes, neurons, drawings, previews."""
