package ru.scoliologic.staging.agent;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The agent's files, as they would be mounted. */
final class MountedFiles {
  private final Path folder;

  MountedFiles(Path folder) {
    this.folder = folder;
  }

  AgentFiles files() {
    return new AgentFiles(
        folder.resolve("config.json"),
        folder.resolve("git"),
        folder.resolve("ca.pem"),
        folder.resolve("webhook"),
        folder.resolve("registry.json"),
        folder.resolve("engine"),
        folder.resolve("base-images"),
        folder.resolve("work"));
  }

  MountedFiles with(String name, String content) {
    try {
      var file = folder.resolve(name);
      Files.createDirectories(file.getParent());
      Files.writeString(file, content);
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  MountedFiles token(String token) {
    return with("git/token", token + "\n");
  }
}
