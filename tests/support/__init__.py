"""What the tests share: projects, wheels and programs made on the spot, servers, browsers, harnesses."""
