"""What a release is held to: the matrix of Pythons and dependencies, and judges of wheels, the changelog and the workflow. Standard library only."""
