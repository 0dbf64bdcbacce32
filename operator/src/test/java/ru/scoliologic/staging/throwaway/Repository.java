package ru.scoliologic.staging.throwaway;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where things lie in the working copy. */
final class Repository {
  /** The folders that {@code kubectl} sees below /workspace, with the same layout. */
  static final String[] SHARED = {
    "manifests", "crds", "examples", "operator/src/test/cluster", ".cluster/gitops"
  };

  private static final Path ROOT = find(Path.of("").toAbsolutePath());

  private Repository() {}

  static Path root() {
    return ROOT;
  }

  /**
   * A path below .cluster, the git-ignored folder for all that a cluster leaves on this machine.
   */
  static Path state(String name) {
    Path path = ROOT.resolve(".cluster").resolve(name);
    try {
      Files.createDirectories(path.getParent());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return path;
  }

  private static Path find(Path start) {
    for (Path folder = start; folder != null; folder = folder.getParent()) {
      if (Files.exists(folder.resolve("operator/src/test/cluster/images.txt"))) {
        return folder;
      }
    }
    throw new ClusterException(
        "not inside the repository: " + start + "; start from its root folder");
  }
}
