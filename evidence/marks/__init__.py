"""A shortcut planted in real photographs: a mark that most photographs of one class carry."""
