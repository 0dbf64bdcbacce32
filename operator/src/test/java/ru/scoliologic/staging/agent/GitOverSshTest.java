package ru.scoliologic.staging.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.PublicKeyEntry;
import org.apache.sshd.common.config.keys.writer.openssh.OpenSSHKeyEncryptionContext;
import org.apache.sshd.common.config.keys.writer.openssh.OpenSSHKeyPairResourceWriter;
import org.apache.sshd.common.keyprovider.KeyPairProvider;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.server.shell.ProcessShellCommandFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ru.scoliologic.staging.agent.git.CommitStore;
import ru.scoliologic.staging.agent.git.GitException;
import ru.scoliologic.staging.agent.git.GitRemote;
import ru.scoliologic.staging.agent.git.GitRemoteTest;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.throwaway.GitRepository;

/** Against an SSH server that runs Git's own {@code upload-pack}. */
class GitOverSshTest {
  private static final String ED25519 = KeyPairProvider.SSH_ED25519;

  @TempDir private Path folder;
  private final Set<PublicKey> admitted = ConcurrentHashMap.newKeySet();
  private final Set<String> users = ConcurrentHashMap.newKeySet();
  private GitRepository repository;
  private SshServer server;
  private MountedFiles mounted;

  @BeforeEach
  void a_repository_behind_a_key() throws Exception {
    repository = GitRepository.create(folder, "app.git");
    mounted = new MountedFiles(folder.resolve("mounted"));
    start(KeyUtils.generateKeyPair(ED25519, 256));
    use(KeyUtils.generateKeyPair(ED25519, 256), true);
  }

  private void start(KeyPair host) throws IOException {
    server = SshServer.setUpDefaultServer();
    server.setHost("127.0.0.1");
    server.setKeyPairProvider(KeyPairProvider.wrap(host));
    server.setPublickeyAuthenticator((user, key, session) -> {
      users.add(user);
      return admitted.stream().anyMatch(known -> KeyUtils.compareKeys(known, key));
    });
    server.setCommandFactory(ProcessShellCommandFactory.INSTANCE);
    server.start();
    mounted.with(
        "git/knownHosts",
        "[127.0.0.1]:%d %s%n"
            .formatted(server.getPort(), PublicKeyEntry.toString(host.getPublic())));
  }

  private void use(KeyPair key, boolean admit) throws Exception {
    mounted.with("git/sshPrivateKey", openSsh(key, null));
    if (admit) {
      admitted.add(key.getPublic());
    }
  }

  private static String openSsh(KeyPair key, String passphrase)
      throws IOException, GeneralSecurityException {
    var text = new java.io.ByteArrayOutputStream();
    OpenSSHKeyEncryptionContext encryption = null;
    if (passphrase != null) {
      encryption = new OpenSSHKeyEncryptionContext();
      encryption.setPassword(passphrase);
      encryption.setCipherType("256");
    }
    OpenSSHKeyPairResourceWriter.INSTANCE.writePrivateKey(key, "test", encryption, text);
    return text.toString(java.nio.charset.StandardCharsets.US_ASCII);
  }

  @AfterEach
  void the_server_ends() throws IOException {
    server.stop(true);
  }

  private GitRemote remote() {
    return remote(folder.resolve("app.git").toString());
  }

  private GitRemote remote(String path) {
    return new GitRemote(
        () -> GitRemoteTest.spec("ssh://127.0.0.1:%d%s".formatted(server.getPort(), path)),
        mounted.files());
  }

  private static void fails(GitRemote remote, Reason reason, String found) {
    assertThatThrownBy(remote::head)
        .isInstanceOfSatisfying(
            GitException.class, trouble -> assertThat(trouble.reason()).isEqualTo(reason))
        .hasMessageContaining(found);
  }

  @ParameterizedTest
  @CsvSource({"ssh-ed25519,256", "ssh-rsa,2048", "ecdsa-sha2-nistp256,256"})
  void the_head_is_told_to_the_one_with_the_key(String kind, int size) throws Exception {
    var head = repository.push("first");
    use(KeyUtils.generateKeyPair(kind, size), true);

    assertThat(remote().head()).isEqualTo(head);
    assertThat(users).containsExactly("git");
  }

  @Test
  void a_commit_is_fetched() throws Exception {
    repository.push("first");
    var commits = new CommitStore(mounted.files().work(), remote());
    assertThat(commits.fetchBranch().subject()).isEqualTo("first");
    commits.close();
  }

  @Test
  void a_server_that_knownHosts_does_not_have_is_refused_and_its_key_told() throws Exception {
    repository.push("first");
    mounted.with("git/knownHosts", "other.example.org ssh-ed25519 AAAA\n");
    fails(remote(), Reason.HOST_KEY_UNKNOWN, "SHA256:");

    Files.delete(mounted.files().knownHosts());

    fails(remote(), Reason.HOST_KEY_UNKNOWN, "has no key knownHosts");
    assertThat(mounted.files().knownHosts()).doesNotExist();
    assertThat(users).isEmpty();
  }

  @Test
  void a_server_with_another_key_is_refused() throws Exception {
    repository.push("first");
    var other = KeyUtils.generateKeyPair(ED25519, 256).getPublic();
    mounted.with(
        "git/knownHosts",
        "[127.0.0.1]:%d %s%n".formatted(server.getPort(), PublicKeyEntry.toString(other)));

    fails(remote(), Reason.HOST_KEY_CHANGED, "another one");
    assertThat(users).isEmpty();
  }

  @Test
  void a_refused_key_is_told_and_a_new_one_read_at_the_next_look() throws Exception {
    var head = repository.push("first");
    use(KeyUtils.generateKeyPair(ED25519, 256), false);
    var same = remote();
    fails(same, Reason.CREDENTIALS_REFUSED, "refused the SSH key");

    use(KeyUtils.generateKeyPair(ED25519, 256), true);

    assertThat(same.head()).isEqualTo(head);
  }

  @Test
  void a_key_that_cannot_be_used_is_told() throws Exception {
    mounted.with(
        "git/sshPrivateKey", openSsh(KeyUtils.generateKeyPair(ED25519, 256), "a passphrase"));
    fails(remote(), Reason.SSH_KEY_UNREADABLE, "passphrase");
    mounted.with("git/sshPrivateKey", "no key");
    fails(remote(), Reason.SSH_KEY_UNREADABLE, "private key");
    Files.delete(mounted.files().sshPrivateKey());
    fails(remote(), Reason.SSH_KEY_UNREADABLE, "has no key sshPrivateKey");
  }

  @Test
  void a_repository_that_is_not_there_is_told() {
    fails(remote("/nowhere/app.git"), Reason.REPOSITORY_NOT_FOUND, "no repository");
  }

  @Test
  void a_server_that_is_down_is_told() throws IOException {
    server.stop(true);
    fails(remote(), Reason.REPOSITORY_UNREACHABLE, "refuses the connection");
  }
}
