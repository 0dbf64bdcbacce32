package ru.scoliologic.staging.agent;

import java.io.IOException;
import java.net.URISyntaxException;
import java.security.GeneralSecurityException;
import java.util.Collection;
import java.util.stream.Collectors;
import org.eclipse.jgit.api.Git;
import org.eclipse.jgit.api.TransportCommand;
import org.eclipse.jgit.api.errors.GitAPIException;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.Ref;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.transport.RefSpec;
import org.eclipse.jgit.transport.SshTransport;
import org.eclipse.jgit.transport.TagOpt;
import org.eclipse.jgit.transport.Transport;
import org.eclipse.jgit.transport.TransportHttp;
import org.eclipse.jgit.transport.URIish;
import ru.scoliologic.staging.api.GitopsSpec;
import ru.scoliologic.staging.stage.Reason;

/** The repository as it is at its server. Every call reads the credentials anew. */
final class GitRemote {
  private static final int ASK_SECONDS = 20;

  /** Without a byte, that is; a large repository may take longer. */
  private static final int FETCH_SECONDS = 60;

  private static final int NAMED_BRANCHES = 5;

  private final GitopsSpec spec;
  private final AgentFiles files;
  private final boolean http;

  GitRemote(GitopsSpec spec, AgentFiles files) {
    IsolatedSystem.install();
    this.spec = spec;
    this.files = files;
    this.http = spec.repository().startsWith("http");
  }

  /** What identifies the repository, without credentials. */
  String url() {
    return spec.repository();
  }

  /** Asks for the commit at the head of the branch; one request, no clone. */
  String head() throws GitTrouble {
    var heads =
        talk(access ->
            access
                .prepare(Git.lsRemoteRepository().setRemote(address()).setHeads(true))
                .setTimeout(ASK_SECONDS)
                .call());
    if (heads.isEmpty()) {
      throw new GitTrouble(
          Reason.REPOSITORY_EMPTY,
          "The repository has no branch yet: push a commit to %s.".formatted(spec.branch()));
    }
    return heads.stream()
        .filter(ref -> ref.getName().equals(Constants.R_HEADS + spec.branch()))
        .map(ref -> ref.getObjectId().name())
        .findFirst()
        .orElseThrow(() -> branchMissing(heads));
  }

  private GitTrouble branchMissing(Collection<Ref> heads) {
    var there =
        heads.stream()
            .limit(NAMED_BRANCHES)
            .map(ref -> Repository.shortenRefName(ref.getName()))
            .collect(Collectors.joining(", "));
    return new GitTrouble(
        Reason.BRANCH_MISSING,
        "The repository has no branch %s; it has %s%s: push it, or correct spec.gitops.branch."
            .formatted(spec.branch(), there, heads.size() > NAMED_BRANCHES ? " and others" : ""));
  }

  /** Fetches the head of the branch, without its history, to a ref of the clone. */
  void fetchBranch(Repository clone, String ref) throws GitTrouble {
    fetch(clone, Constants.R_HEADS + spec.branch(), ref);
  }

  /** Fetches a commit by its hash, without its history, to a ref of the clone. */
  void fetchCommit(Repository clone, String commit, String ref) throws GitTrouble {
    fetch(clone, commit, ref);
  }

  private void fetch(Repository clone, String source, String ref) throws GitTrouble {
    talk(access ->
        access
            .prepare(
                Git.wrap(clone)
                    .fetch()
                    .setRemote(address())
                    .setRefSpecs(new RefSpec("+" + source + ":" + ref))
                    .setDepth(1)
                    .setTagOpt(TagOpt.NO_TAGS))
            .setTimeout(FETCH_SECONDS)
            .call());
  }

  /** Git's servers know one user by convention. */
  private String address() throws GitTrouble {
    if (http || !spec.repository().startsWith("ssh://")) {
      return spec.repository();
    }
    try {
      var uri = new URIish(spec.repository());
      return uri.getUser() == null ? uri.setUser("git").toString() : spec.repository();
    } catch (URISyntaxException e) {
      throw new GitTrouble(Reason.GIT_FAILED, GitopsSpec.REPOSITORY_MESSAGE, e);
    }
  }

  private <T> T talk(Talk<T> talk) throws GitTrouble {
    try (var access = access()) {
      try {
        return talk.by(access);
      } catch (GitAPIException | RuntimeException e) {
        throw access.trouble(e);
      }
    }
  }

  private Access access() throws GitTrouble {
    if (!http) {
      return new Access(null, SshAccess.of(files));
    }
    try {
      return new Access(HttpAccess.of(spec.repository(), files), null);
    } catch (GeneralSecurityException e) {
      throw new GitTrouble(
          Reason.CERTIFICATE_UNTRUSTED,
          "The bundle of spec.gitops.caBundle cannot be read: give certificates in PEM form.",
          e);
    } catch (IOException e) {
      throw new GitTrouble(Reason.GIT_FAILED, "The files with the credentials cannot be read.", e);
    }
  }

  private interface Talk<T> {
    T by(Access access) throws GitAPIException, GitTrouble;
  }

  private record Access(HttpAccess http, SshAccess ssh) implements AutoCloseable {
    private <C extends TransportCommand<C, ?>> C prepare(C command) {
      if (http != null) {
        command.setCredentialsProvider(http.credentials());
      }
      return command.setTransportConfigCallback(this::configure);
    }

    private void configure(Transport transport) {
      if (transport instanceof TransportHttp overHttp) {
        overHttp.setHttpConnectionFactory(http);
      } else if (transport instanceof SshTransport overSsh && ssh != null) {
        overSsh.setSshSessionFactory(ssh.sessions());
      } else {
        throw new IllegalStateException("no way to " + transport.getURI().getScheme());
      }
    }

    private GitTrouble trouble(Exception e) {
      return http != null ? GitFailures.overHttp(http, e) : GitFailures.overSsh(ssh, e);
    }

    @Override
    public void close() {
      if (ssh != null) {
        ssh.close();
      }
    }
  }
}
