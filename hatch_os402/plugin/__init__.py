"""What Hatch loads: the builder, the build hook, the publisher, and the bridge between Hatch's objects and ours."""
