package ru.scoliologic.staging.agent.git;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.sshd.common.NamedResource;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.util.security.SecurityUtils;
import org.eclipse.jgit.internal.transport.sshd.OpenSshServerKeyDatabase;
import org.eclipse.jgit.transport.CredentialsProvider;
import org.eclipse.jgit.transport.sshd.ServerKeyDatabase;
import org.eclipse.jgit.transport.sshd.SshdSessionFactory;
import org.eclipse.jgit.transport.sshd.SshdSessionFactoryBuilder;
import ru.scoliologic.staging.agent.AgentFiles;
import ru.scoliologic.staging.stage.Reason;

/**
 * One connection to a Git server over SSH. It uses only the key of the credentials, and trusts only
 * host keys in knownHosts. SSH configuration of users is ignored.
 */
final class GitSshTransport implements AutoCloseable {
  private final SshdSessionFactory sessions;
  private final ServerKeys serverKeys;

  private GitSshTransport(List<KeyPair> keys, Path knownHosts, Path home) {
    this.serverKeys =
        new ServerKeys(
            new OpenSshServerKeyDatabase(false, List.of(knownHosts)), Files.exists(knownHosts));
    this.sessions =
        new SshdSessionFactoryBuilder()
            .setHomeDirectory(home.toFile())
            .setSshDirectory(home.toFile())
            .setConfigStoreFactory((directory, config, user) -> null)
            .setPreferredAuthentications("publickey")
            .setDefaultIdentities(directory -> List.of())
            .setDefaultKeysProvider(directory -> keys)
            .setServerKeyDatabase((directory, ssh) -> serverKeys)
            .build(null);
  }

  /** Reads the key from its file. */
  static GitSshTransport of(AgentFiles files) throws GitException {
    return new GitSshTransport(keys(files.sshPrivateKey()), files.knownHosts(), files.work());
  }

  private static List<KeyPair> keys(Path file) throws GitException {
    if (!Files.exists(file)) {
      throw new GitException(
          Reason.SSH_KEY_UNREADABLE,
          "The Secret with the credentials has no key sshPrivateKey, which a repository over SSH"
              + " needs: add a private key that may read the repository.");
    }
    var keys = new ArrayList<KeyPair>();
    try (var in = Files.newInputStream(file)) {
      var pairs =
          SecurityUtils.loadKeyPairIdentities(
              null, NamedResource.ofName("sshPrivateKey"), in, null);
      if (pairs != null) {
        pairs.forEach(keys::add);
      }
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      throw new GitException(
          Reason.SSH_KEY_UNREADABLE,
          "sshPrivateKey cannot be read as a private key: give one in PEM or OpenSSH form, without"
              + " a passphrase.",
          e);
    }
    if (keys.isEmpty()) {
      throw new GitException(
          Reason.SSH_KEY_UNREADABLE,
          "sshPrivateKey holds no private key: give one in PEM or OpenSSH form, without a"
              + " passphrase.");
    }
    return keys;
  }

  SshdSessionFactory sessions() {
    return sessions;
  }

  /** The problem with the server's key, if any. */
  Optional<GitException> refusedServer() {
    return Optional.ofNullable(serverKeys.refused);
  }

  @Override
  public void close() {
    sessions.close();
  }

  private static final class ServerKeys implements ServerKeyDatabase {
    private final ServerKeyDatabase known;
    private final boolean given;
    private volatile GitException refused;

    private ServerKeys(ServerKeyDatabase known, boolean given) {
      this.known = known;
      this.given = given;
    }

    @Override
    public List<PublicKey> lookup(
        String address, InetSocketAddress remote, Configuration configuration) {
      return known.lookup(address, remote, configuration);
    }

    @Override
    public boolean accept(
        String address,
        InetSocketAddress remote,
        PublicKey key,
        Configuration configuration,
        CredentialsProvider nobody) {
      // Without a prompt, an unknown key is rejected and no file is written.
      if (known.accept(address, remote, key, configuration, null)) {
        return true;
      }
      var shown = KeyUtils.getKeyType(key) + " " + KeyUtils.getFingerPrint(key);
      if (lookup(address, remote, configuration).isEmpty()) {
        refused =
            new GitException(
                Reason.HOST_KEY_UNKNOWN,
                ("%s has the host key %s, and %s: compare it with what the server's owner"
                        + " publishes and add the server's line to the key knownHosts.")
                    .formatted(
                        address,
                        shown,
                        given
                            ? "knownHosts has no line for that server"
                            : "the Secret with the credentials has no key knownHosts"));
      } else {
        refused =
            new GitException(
                Reason.HOST_KEY_CHANGED,
                ("%s has the host key %s, but knownHosts has another one or marks it as"
                        + " revoked: this may be an attack, so ask the server's owner before you change"
                        + " knownHosts.")
                    .formatted(address, shown));
      }
      return false;
    }
  }
}
