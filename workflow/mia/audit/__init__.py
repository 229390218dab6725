"""Are members and nonmembers alike? What can be told without the model."""
