package ru.scoliologic.staging.gitops;

import java.util.List;
import java.util.regex.Pattern;
import ru.scoliologic.staging.cluster.kube.Traffic;
import ru.scoliologic.staging.cluster.model.Snapshot;

/** What the agent's pod must be able to reach. */
public final class AgentTraffic {
  private static final int HTTP = 80;
  private static final int SSH = 22;
  private static final Pattern WITH_PORT = Pattern.compile("\\w+://[^/]*:(\\d{1,5})/.*");
  private static final Pattern IN_CLUSTER =
      Pattern.compile("\\w+://([^/@]*@)?([^./:]+|[^/:]+\\.svc(\\.[^/:]+)?)(:\\d+)?/.*");

  private AgentTraffic() {}

  public static List<Traffic> of(Snapshot snapshot) {
    var gitops = snapshot.environment().getSpec().gitops();
    return gitops == null
        ? List.of()
        : List.of(Traffic.dns(), Traffic.apiServer(), gitServer(gitops.repository()));
  }

  private static Traffic gitServer(String repository) {
    if (IN_CLUSTER.matcher(repository).matches()) {
      // Its pods may use another port than its Service.
      return Traffic.beyond("the Git server");
    }
    var url = WITH_PORT.matcher(repository);
    int port =
        url.matches()
            ? Integer.parseInt(url.group(1))
            : repository.startsWith("https://")
                ? Traffic.HTTPS
                : repository.startsWith("http://") ? HTTP : SSH;
    return Traffic.beyond("the Git server (port %d)".formatted(port), port);
  }
}
