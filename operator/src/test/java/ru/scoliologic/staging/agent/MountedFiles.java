package ru.scoliologic.staging.agent;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The agent's files, as they would be mounted. */
public final class MountedFiles {
  private final Path folder;

  public MountedFiles(Path folder) {
    this.folder = folder;
  }

  public AgentFiles files() {
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

  public MountedFiles with(String name, String content) {
    try {
      var file = folder.resolve(name);
      Files.createDirectories(file.getParent());
      Files.writeString(file, content);
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public MountedFiles token(String token) {
    return with("git/token", token + "\n");
  }
}
