package ru.scoliologic.staging.agent.docker;

import java.io.BufferedOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import ru.scoliologic.staging.api.Build;

/**
 * The folder that is sent to an engine. Links are sent as links, so that no file outside of the
 * commit gets into an image or a log.
 */
final class BuildContext {
  private static final String IGNORE_FILE = ".dockerignore";

  /** Name in the context of a Dockerfile outside of it; the name is excluded from the image. */
  private static final String FOREIGN = ".dockerfile.of-another-folder";

  private static final int BUFFER = 1 << 16;

  /** A file or folder that the recipe names is absent from the commit. */
  static final class Missing extends Exception {
    private static final long serialVersionUID = 1;

    private final boolean dockerfile;

    private Missing(boolean dockerfile, String message) {
      super(message);
      this.dockerfile = dockerfile;
    }

    /** Whether the Dockerfile is missing, not the context. */
    boolean ofDockerfile() {
      return dockerfile;
    }
  }

  private final Path folder;
  private final String dockerfile;
  private final String name;
  private final String ignoreFile;
  private final DockerIgnore ignored;

  /** Whether the sent ignore file differs from the context's own. */
  private final boolean otherRules;

  private BuildContext(
      Path folder, String dockerfile, String name, String ignoreFile, boolean otherRules) {
    this.folder = folder;
    this.dockerfile = dockerfile;
    this.name = name;
    this.ignoreFile = ignoreFile;
    this.otherRules = otherRules || name.equals(FOREIGN);
    this.ignored = DockerIgnore.of(ignoreFile == null ? "" : ignoreFile);
  }

  /**
   * The context of a commit.
   *
   * @param source folder with the files of the commit
   * @throws Missing when the commit lacks a path of the recipe; names the path
   * @throws IllegalArgumentException when the ignore file is invalid
   */
  static BuildContext of(Path source, Build build) throws Missing {
    try {
      var top = source.toRealPath();
      var folder = inside(top, build.context());
      if (folder == null || !Files.isDirectory(folder)) {
        throw new Missing(
            false, "the commit has no folder " + build.context() + ": correct build.context");
      }
      var dockerfile = inside(top, build.dockerfile());
      if (dockerfile == null || !Files.isRegularFile(dockerfile)) {
        throw new Missing(
            true,
            "the commit has no file "
                + build.dockerfile()
                + ": add it, or correct build.dockerfile, which is a path from the top of the"
                + " repository");
      }
      var path = top.resolve(build.dockerfile()).normalize();
      var beside = inside(top, build.dockerfile() + IGNORE_FILE);
      // Precedence as in BuildKit.
      boolean itsOwn = beside != null && Files.isRegularFile(beside);
      var ignoreFile =
          itsOwn ? beside : inside(top, top.relativize(folder).resolve(IGNORE_FILE).toString());
      return new BuildContext(
          folder,
          text(dockerfile),
          path.startsWith(folder) ? name(folder, path) : FOREIGN,
          ignoreFile == null ? null : text(ignoreFile),
          itsOwn);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Invalid UTF-8 is left to the engine to report. */
  private static String text(Path file) throws IOException {
    return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
  }

  /** The real path of a name in the commit; null when it is absent or leads out of the commit. */
  private static Path inside(Path top, String path) throws IOException {
    var named = top.resolve(path);
    if (!Files.exists(named)) {
      return null;
    }
    var real = named.toRealPath();
    return real.startsWith(top) ? real : null;
  }

  private static String name(Path folder, Path file) {
    return folder.relativize(file).toString().replace('\\', '/');
  }

  String dockerfile() {
    return dockerfile;
  }

  /** The Dockerfile's path in the context that {@link #open} gives. */
  String dockerfilePath() {
    return name;
  }

  /** The context as a tar stream, written while it is read. The caller must close it. */
  InputStream open() {
    var end = new PipedOutputStream();
    try {
      var pipe = new Pipe(new PipedInputStream(end, BUFFER));
      Thread.ofVirtual()
          .name("build-context")
          .start(() -> {
            try (end) {
              // The fault is set before the end is closed, or a partial tar would pass as complete.
              try {
                write(new BufferedOutputStream(end, BUFFER));
              } catch (IOException | RuntimeException e) {
                pipe.fault = e;
              }
            } catch (IOException e) {
              pipe.fault = e;
            }
          });
      return pipe;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Does not close the stream. */
  @SuppressWarnings("resource") // Its closing would close the other as well.
  private void write(OutputStream out) throws IOException {
    var tar = new TarArchiveOutputStream(out, StandardCharsets.UTF_8.name());
    tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
    tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
    tar.setAddPaxHeadersForNonAsciiNames(true);
    for (var entry : entries().entrySet()) {
      add(tar, entry.getKey(), entry.getValue());
    }
    if (otherRules) {
      var rules = new StringBuilder(ignoreFile == null ? "" : ignoreFile + "\n");
      if (name.equals(FOREIGN)) {
        text(tar, FOREIGN, dockerfile);
        rules.append(FOREIGN).append('\n');
      }
      // The engine deletes files that are excluded here after it has read them.
      text(tar, IGNORE_FILE, rules.append(IGNORE_FILE).append('\n').toString());
    }
    tar.finish();
    out.flush();
  }

  /** Files to send by path, folders before their content. */
  private Map<String, Path> entries() throws IOException {
    var entries = new TreeMap<String, Path>();
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes) {
            if (path.equals(folder)) {
              return FileVisitResult.CONTINUE;
            }
            if (!ignored.excludes(name(folder, path))) {
              entries.put(name(folder, path), path);
              return FileVisitResult.CONTINUE;
            }
            return ignored.hasExceptions()
                ? FileVisitResult.CONTINUE
                : FileVisitResult.SKIP_SUBTREE;
          }

          @Override
          public FileVisitResult visitFile(Path path, BasicFileAttributes attributes) {
            if (!attributes.isOther() && sent(name(folder, path))) {
              entries.put(name(folder, path), path);
            }
            return FileVisitResult.CONTINUE;
          }
        });
    return entries;
  }

  /** The engine needs the Dockerfile and the ignore file even when they are excluded. */
  private boolean sent(String path) {
    if (path.equals(IGNORE_FILE)) {
      return !otherRules;
    }
    return path.equals(name) || !ignored.excludes(path);
  }

  private static void add(TarArchiveOutputStream tar, String path, Path file) throws IOException {
    var attributes =
        Files.readAttributes(file, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    TarArchiveEntry entry;
    if (attributes.isSymbolicLink()) {
      entry = new TarArchiveEntry(path, TarConstants.LF_SYMLINK);
      entry.setLinkName(Files.readSymbolicLink(file).toString());
    } else {
      entry = new TarArchiveEntry(attributes.isDirectory() ? path + "/" : path);
      entry.setMode(mode(attributes.permissions()));
      entry.setSize(attributes.isDirectory() ? 0 : attributes.size());
    }
    entry.setModTime(attributes.lastModifiedTime().to(TimeUnit.SECONDS) * 1000);
    tar.putArchiveEntry(entry);
    if (attributes.isRegularFile()) {
      Files.copy(file, tar);
    }
    tar.closeArchiveEntry();
  }

  private static int mode(Set<PosixFilePermission> permissions) {
    int mode = 0;
    // The nine permission bits in order, from the owner's read bit.
    for (var permission : PosixFilePermission.values()) {
      mode = mode << 1 | (permissions.contains(permission) ? 1 : 0);
    }
    return mode;
  }

  private static void text(TarArchiveOutputStream tar, String path, String text)
      throws IOException {
    var bytes = text.getBytes(StandardCharsets.UTF_8);
    var entry = new TarArchiveEntry(path);
    entry.setSize(bytes.length);
    tar.putArchiveEntry(entry);
    tar.write(bytes);
    tar.closeArchiveEntry();
  }

  /** Throws the writer's fault, so that a partial context is not taken as complete. */
  private static final class Pipe extends FilterInputStream {
    private volatile Exception fault;

    Pipe(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      return checked(super.read());
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      return checked(super.read(buffer, offset, length));
    }

    private int checked(int read) throws IOException {
      if (read < 0 && fault != null) {
        throw new IOException("the files of the commit cannot be read: " + fault.getMessage());
      }
      return read;
    }
  }
}
