package ru.scoliologic.staging.agent.git;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import org.eclipse.jgit.lib.FileMode;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.revwalk.RevWalk;
import org.eclipse.jgit.treewalk.TreeWalk;

/**
 * Writes the tree of a commit as files: bytes as stored (Git LFS pointers and line ends stay
 * unchanged), the executable bit, and links as links, whatever their target.
 *
 * <p>Each folder is created here and each file is new, so even a forged tree cannot write outside
 * of the target.
 */
final class SourceExport {
  private SourceExport() {}

  static void write(Repository clone, ObjectId commit, Path target)
      throws IOException, SubmodulesException {
    try (var walk = new RevWalk(clone);
        var tree = new TreeWalk(clone)) {
      tree.addTree(walk.parseCommit(commit).getTree());
      while (tree.next()) {
        var file = within(target, tree.getPathString(), tree.getNameString());
        var mode = tree.getFileMode(0);
        if (mode.equals(FileMode.TREE)) {
          Files.createDirectory(file);
          tree.enterSubtree();
        } else if (mode.equals(FileMode.GITLINK)) {
          throw new SubmodulesException(tree.getPathString());
        } else {
          write(clone, tree.getObjectId(0), mode, file);
        }
      }
    }
  }

  private static void write(Repository clone, ObjectId blob, FileMode mode, Path file)
      throws IOException {
    var content = clone.open(blob);
    if (mode.equals(FileMode.SYMLINK)) {
      Files.createSymbolicLink(
          file, Path.of(new String(content.getBytes(), StandardCharsets.UTF_8)));
      return;
    }
    try (var out =
        Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      content.copyTo(out);
    }
    if (mode.equals(FileMode.EXECUTABLE_FILE)) {
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
  }

  private static Path within(Path target, String path, String name) throws IOException {
    boolean plain =
        !name.isEmpty()
            && !name.equals(".")
            && !name.equals("..")
            && !name.equalsIgnoreCase(".git")
            && name.indexOf('/') < 0;
    if (!plain) {
      throw new IOException("the tree holds a path that no work tree can have: " + path);
    }
    try {
      return target.resolve(path);
    } catch (InvalidPathException e) {
      throw new IOException("the tree holds a path that no file can have: " + path, e);
    }
  }
}
