package ru.scoliologic.staging.agent.git;

import org.eclipse.jgit.lib.Config;
import org.eclipse.jgit.storage.file.FileBasedConfig;
import org.eclipse.jgit.util.FS;
import org.eclipse.jgit.util.SystemReader;

/**
 * Prevents JGit from reading or writing configuration of the machine or a user: it could redirect
 * requests or disable certificate checks, and the root folder is read-only.
 */
final class IsolatedGitConfig extends SystemReader.Delegate {
  private IsolatedGitConfig(SystemReader system) {
    super(system);
  }

  /** Applies to the whole process: JGit has one global reader. */
  static void install() {
    if (!(SystemReader.getInstance() instanceof IsolatedGitConfig)) {
      SystemReader.setInstance(new IsolatedGitConfig(SystemReader.getInstance()));
    }
  }

  @Override
  public FileBasedConfig openUserConfig(Config parent, FS fs) {
    return new Nothing(parent, fs);
  }

  @Override
  public FileBasedConfig openSystemConfig(Config parent, FS fs) {
    return new Nothing(parent, fs);
  }

  @Override
  public FileBasedConfig openJGitConfig(Config parent, FS fs) {
    return new Nothing(parent, fs);
  }

  private static final class Nothing extends FileBasedConfig {
    private Nothing(Config parent, FS fs) {
      super(parent, null, fs);
    }

    @Override
    public void load() {
      // There is no file.
    }

    @Override
    public void save() {
      // There is no file.
    }

    @Override
    public boolean isOutdated() {
      return false;
    }
  }
}
