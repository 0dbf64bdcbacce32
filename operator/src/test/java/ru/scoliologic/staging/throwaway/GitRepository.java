package ru.scoliologic.staging.throwaway;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A bare repository, and a work tree of somebody who pushes to it. */
public final class GitRepository {
  private final Path bare;
  private final Path work;

  private GitRepository(Path bare, Path work) {
    this.bare = bare;
    this.work = work;
  }

  /** An empty one: {@code <folder>/<name>} beside the work tree {@code <folder>/<name>-work}. */
  public static GitRepository create(Path folder, String name) {
    var repository = new GitRepository(folder.resolve(name), folder.resolve(name + "-work"));
    git(folder, "init", "-q", "--bare", "-b", "main", repository.bare.toString());
    git(folder, "init", "-q", "-b", "main", repository.work.toString());
    repository.git("config", "user.name", "Somebody");
    repository.git("config", "user.email", "somebody@example.org");
    repository.git("config", "commit.gpgsign", "false");
    return repository;
  }

  /** The folder where one pushes from. */
  public Path work() {
    return work;
  }

  /** Changes a file, commits everything and returns the commit's hash; pushes nothing. */
  public String commit(String file, String content, String message) {
    try {
      var path = work.resolve(file);
      Files.createDirectories(path.getParent());
      Files.writeString(path, content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return commit(message);
  }

  /** Commits everything and returns the commit's hash. */
  public String commit(String message) {
    git("add", "-A");
    git("commit", "-q", "--allow-empty", "-m", message);
    return git("rev-parse", "HEAD");
  }

  /** Commits and pushes to main. */
  public String push(String message) {
    var hash = commit("README.md", message, message);
    push(hash, "main");
    return hash;
  }

  /** Makes a branch stand at a commit, whatever it was before. */
  public void push(String commit, String branch) {
    git("push", "-q", "--force", bare.toString(), commit + ":refs/heads/" + branch);
  }

  /** Deletes a branch of the bare repository. */
  public void delete(String branch) {
    git(bare, "update-ref", "-d", "refs/heads/" + branch);
  }

  /** Runs git in the work tree. */
  public String git(String... arguments) {
    return git(work, arguments);
  }

  private static String git(Path folder, String... arguments) {
    var command = new ArrayList<>(List.of("git"));
    command.addAll(List.of(arguments));
    try {
      var process =
          new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
      var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        throw new IllegalStateException(command + ": " + output);
      }
      return output.strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
