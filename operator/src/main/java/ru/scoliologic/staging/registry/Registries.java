package ru.scoliologic.staging.registry;

import java.io.IOException;
import java.util.Optional;
import ru.scoliologic.staging.cluster.model.RegistryLogin;

/** Resolves tags to digests. */
@FunctionalInterface
public interface Registries {
  /**
   * The digest of a tag. May block for seconds.
   *
   * @throws Unreachable when the registry cannot be reached for any request
   * @throws IOException when it gives no digest; the message is for users
   */
  String digest(ImageName image, Optional<RegistryLogin> login)
      throws IOException, InterruptedException;

  /** The registry is unreachable at present. */
  final class Unreachable extends IOException {
    private static final long serialVersionUID = 1;

    /** The message is for users. */
    public Unreachable(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
