global using Parley.TestSupport;
