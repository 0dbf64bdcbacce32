package ru.scoliologic.staging.stage;

/**
 * Every reason of a condition or an event. Users see the constant's name in CamelCase; names are
 * stable. Cause and cure feed the troubleshooting reference.
 */
public enum Reason implements StatusReason {
  AWAITING_PREVIOUS_STAGE("An earlier stage has not succeeded yet.", "Look at the earlier stage."),
  NOT_ASSESSED(
      "The operator meets an error that it does not know, so this stage is not looked at.",
      "See the condition Ready. What runs goes on; the message has what was found last."),
  INVALID_SPEC(
      "A field of the spec has a value the operator cannot use.",
      "Correct the field that the message names. Whatever ran goes on as it was."),
  FIELD_CANNOT_CHANGE(
      "A field was changed that the data on a volume was made with.",
      "Set the field back to the value that the message names; nothing is changed until then, and"
          + " what runs goes on. For the other value create another environment and move the data"
          + " by a backup."),
  NAME_TAKEN(
      "An object that this environment does not own has a name it needs.",
      "Rename or delete that object, or choose another name for the environment."),
  DOMAIN_CLAIMED(
      "Another environment holds one of the domains.",
      "Use another domain, or delete the environment that the message names."),

  QUOTA_EXCEEDED(
      "A ResourceQuota of the namespace leaves no room for an object or a pod.",
      "Raise the quota that the message names, or lower what the environment asks for."),
  ADMISSION_REFUSED(
      "An admission policy, a webhook or a LimitRange of the cluster refuses an object or a pod.",
      "Change what the message names, or have the policy let it pass."),
  OBJECT_INVALID(
      "The API server finds a value in an object that it does not take: one that the spec gives, or"
          + " one that a policy or webhook of the cluster puts there.",
      "The message has the object, the field and the server's words. Correct the value in the spec,"
          + " or the policy or webhook that sets it; it is tried again by itself."),
  RIGHTS_MISSING(
      "The operator may not write an object: its ClusterRole is not the one it was shipped with, or"
          + " spec.rollback asks for what needs one more.",
      "Apply manifests/default again, or bind the ClusterRole that the message names."),

  INFRASTRUCTURE_READY("Storage and the public address are there.", "Nothing to do."),
  STORAGE_CLASS_NOT_FOUND(
      "A storage class that the spec names does not exist, or there is no default one.",
      "Name a class from `kubectl get storageclass`, or mark one as the default."),
  AWAITING_ADDRESS(
      "The ingress Service has not been given an address yet.",
      "Wait; if it lasts, see whether the cluster has a load balancer."),
  PORT_CONFLICT(
      "Ports 80 and 443 of the nodes are held by the Service or the pod that the message names.",
      "Delete or change what holds them; on one node a single one can. Or use its controller:"
          + " spec.ingress.mode: Shared."),
  NOT_ENOUGH_ROOM(
      "The nodes have less CPU, memory, disk or devices than the environment needs.",
      "Add nodes, lower the components' resources or what else runs there, or set"
          + " spec.infrastructure.capacity."),
  VOLUME_MISSING(
      "A storage class makes no volumes by itself and no free one fits, or a volume claim that the"
          + " spec names does not exist.",
      "Make a PersistentVolume of that class, or name a class with a provisioner; create the claim"
          + " that the message names."),
  DNS_RECORD_WRONG(
      "A domain's A or AAAA record is absent or leads elsewhere.",
      "Correct the record; it is looked at again by itself. Behind a NAT set"
          + " spec.ingress.addresses."),
  DNS_UNANSWERED(
      "The DNS server gave no answer.",
      "See whether it can be reached from the operator's pod, or set"
          + " spec.infrastructure.dns.resolver."),

  INGRESS_CLASS_MISSING(
      "The ingress class that the spec names does not exist.",
      "Name a class from `kubectl get ingressclass`, or install its controller."),
  TLS_SECRET_MISSING(
      "The Secret with the certificate for the shared ingress is not there or not complete.",
      "Create it with tls.crt and tls.key; it is noticed within about a second."),

  CONFIGURATION_READY("Every key is present and acceptable.", "Nothing to do."),
  SECRET_MISSING(
      "A Secret that the spec names does not exist.",
      "Create it; it is noticed within about a second."),
  KEY_MISSING(
      "A required key is in none of the Secrets.",
      "Add the keys that the message lists; it is noticed within about a second."),
  KEY_INVALID(
      "A value is too short, a placeholder, or not in the form it must have, or a variable is"
          + " composed of a name that is not listed.",
      "Put a real value into the Secret that the message names, or correct the key or the variable"
          + " in the spec."),
  CONFIG_MAP_MISSING(
      "A ConfigMap that the spec names does not exist or lacks the key.", "Create it."),
  ROTATING(
      "A generated value is being replaced.",
      "Wait; the value before stays valid until the application runs with the new one."),
  ROTATED("The application runs with a new generated value.", "Nothing to do."),
  ROTATION_FAILED(
      "The application did not come up with a new value, or PostgreSQL or Redis did not take it; the"
          + " value before is in force again.",
      "Mend what the message names, then raise generate.rotation once more; or set it back to the"
          + " number before."),
  CREDENTIALS_LOST(
      "The Secret with generated credentials is gone, but the database made with them is there.",
      "Restore the Secret from a backup, or delete the volume claim as well to begin anew."),

  DEPLOYED("Every component is available.", "Nothing to do."),
  COMPONENTS_STARTING(
      "Components are starting.",
      "Wait; the message names them, and what their health checks get."),
  IMAGE_PULL_FAILED(
      "The node cannot pull an image.",
      "Check the image's name, the registry and imagePullSecrets."),
  CONTAINER_CRASHING(
      "A container ends soon after it starts.",
      "Read the line that says why in the message, or its log with `kubectl logs --previous`."),
  OUT_OF_MEMORY(
      "A container was killed for using more memory than its limit.",
      "Raise resources.limits.memory of the component."),
  OTHER_ARCHITECTURE(
      "The image cannot be run on its node, and the cluster has nodes of other architectures. The"
          + " version is not to blame.",
      "Choose the nodes with nodeSelector {kubernetes.io/arch: ...} of the component, or build the"
          + " image for all of them. A commit is built for the node of the engine: gitops.nodeSelector."),
  CONTAINER_CONFIG_ERROR(
      "The node cannot start a container as it is described.", "See the message."),
  UNSCHEDULABLE(
      "No node can take a pod.", "See the message: room, node selector, taints or volumes."),
  VOLUME_PENDING(
      "A volume claim gets no volume.",
      "See the message: the provisioner of its storage class, or a volume that fits."),
  NOT_HEALTHY(
      "A component runs, but its health check fails for longer than it may take to start.",
      "The message says what the health check got, and has its last lines; see also `kubectl logs`."),
  DEADLINE_EXCEEDED(
      "A component has not come up within its deadlineSeconds, and the cluster names no cause.",
      "See the message and `kubectl describe pod`; a slow registry or volume may need more"
          + " deadlineSeconds. It is waited for on."),
  FIRST_DEPLOYMENT_WIPED(
      "The first deployment failed and is removed with its volumes, as"
          + " spec.rollback.firstDeployment asks.",
      "The message has the cause. It is deployed anew when the spec or its configuration changes, or"
          + " spec.retry of the release does."),
  MODELS_PULLING(
      "Ollama pulls a language model.",
      "Wait; the message says how far it is. It goes on after a restart."),
  MODEL_PULL_FAILED(
      "A language model could not be pulled.",
      "See the message: the model's name, its registry, or the way to it. It is tried again by itself."),
  MODELS_TOO_LARGE(
      "The volume cannot hold the language models.",
      "Raise spec.services.ollama.storage, or take a model off the list and delete it from the"
          + " volume with `ollama rm` in the pod."),
  MIGRATION_RUNNING(
      "The migration of a version runs before the version is rolled out.",
      "Wait; the version starts after it."),
  MIGRATION_FAILED(
      "The migration of the first version failed, so the version is not started.",
      "Read its last lines in the message; give another image, mend its configuration, or set"
          + " spec.retry of its release to a new value."),
  CANDIDATE_STARTING(
      "A new version of the application starts beside the serving one.",
      "Wait; it takes over when it is healthy."),
  CANDIDATE_CRASHED(
      "A new version ended, or used more memory than it may, before it could serve. It got no"
          + " traffic; the version before goes on.",
      "Its last lines are in the message. Push or give one that is mended, or set spec.retry of the"
          + " release to a new value."),
  CANDIDATE_UNHEALTHY(
      "A new version was not healthy in time. It got no traffic; the version before goes on.",
      "The message says what its health check got; is spec.services.app.health right, push or give a"
          + " version that is mended, or set spec.retry of the release to a new value."),
  CANDIDATE_FAILED(
      "A new version of the application does not come up; the serving one goes on.",
      "Read the cause in the message. A version whose image cannot be pulled, or that no node takes,"
          + " goes on by itself once that is mended; else push or give one that is mended, mend its"
          + " configuration, or set spec.retry of its release to a new value."),

  ROLLED_OUT("The version came up and got the traffic.", "Nothing to do."),
  AWAITING_FIRST_BUILD(
      "No version of the application is built yet, and spec.services.app.image names none.",
      "Wait for the first build: see `kubectl get strel` and the condition Built of the newest"
          + " release."),
  BUILD_WAITING(
      "The build of a commit has not begun, or waits for something that is not the commit's fault.",
      "Wait; the message says what for."),
  BUILDING("The image of a commit is being built or pushed.", "Wait."),
  TAG_RESOLVED(
      "The tag of an image stands for one digest, which every node pulls.", "Nothing to do."),
  TAG_NOT_RESOLVED(
      "The operator did not learn from the registry what the tag of an image stands for: the"
          + " version runs by the digest that was found before, or by its tag, and then each node"
          + " has what it pulled or kept under it.",
      "Nothing needs to be done where each content has a tag of its own. Else mend what the message"
          + " names and set spec.retry of the release to a new value, or name the image by its"
          + " digest."),
  BUILT("The image of a commit is in the registry.", "Nothing to do."),
  BUILD_CANCELLED("A newer commit came before the image was built.", "Nothing to do."),
  BUILD_FAILED(
      "A commit cannot be built; nothing else is changed.",
      "The end of the build's log is in the message. Push a commit that mends it, or set spec.retry"
          + " of the release to a new value."),
  COMMIT_FAILED(
      "The newest commit of the branch failed before it got any traffic; what served goes on.",
      "Read its release; push a commit that mends it, or set spec.retry of the release to a new"
          + " value."),
  ROLLED_BACK(
      "The newest version failed its checks after it had got the traffic; the verified one before it"
          + " serves again.",
      "Read the condition Verified of its release; push a commit that mends it, or set spec.retry of"
          + " the release to a new value."),
  SUPERSEDED(
      "Another version was asked for before this one was verified.",
      "Nothing to do. To have it after all: set spec.serve of the release if it was built, or pin its"
          + " commit with spec.gitops.pin, which has it built too."),
  STORAGE_CANNOT_GROW(
      "A volume is asked to be larger, and its storage class does not let volumes grow.",
      "Nothing else is held up. Set the size back, or move the data to another class by a backup"
          + " and a new environment."),
  STORAGE_CANNOT_SHRINK(
      "A volume is asked to be smaller than it is, and volumes only grow.",
      "Nothing is held up, and the volume stays as it is. Set the size that the message names, or"
          + " move the data to a new environment by a backup."),
  STORAGE_CLASS_CANNOT_CHANGE(
      "A volume is asked to be of another storage class than it is.",
      "Nothing is held up, and the volume stays where it is. Set the class that the message names,"
          + " or move the data to a new environment by a backup. A claim that never got a volume may"
          + " be deleted: it is made again."),
  DATA_OF_OTHER_VERSION(
      "The data on the volume was made by another major version of PostgreSQL than the spec asks"
          + " for, and the server is not started on it.",
      "Set spec.services.postgres.version to the one that the message names. To move to another,"
          + " make a backup with the old version, create an environment with the new one, and give"
          + " it the backup as its seed."),
  SEEDING("The new database is given its first content.", "Wait; the application starts after it."),
  SEED_DONE("The new database has its first content.", "Nothing to do."),
  SEED_FAILED(
      "The seed could not be loaded, so the application is not started.",
      "Mend what the message names and change spec.services.postgres.seed or reset, or remove the"
          + " seed."),
  RESETTING("The database is created anew on request.", "Wait; the application is stopped."),
  RESET_DONE("The database was created anew on request.", "Nothing to do."),
  RESET_FAILED(
      "The database could not be created anew; it is as it was.",
      "Mend what the message names, then give spec.services.postgres.reset another value."),
  RESTORING("The database is put back to a backup.", "Wait; the application is stopped."),
  RESTORE_DONE("The database was put back to a backup.", "Nothing to do."),
  RESTORE_FAILED(
      "The backup was refused or could not be loaded; the database is as it was.",
      "Mend what the message names, then give restore.request another value, or remove restore."),
  BACKUP_RUNNING("A backup is being made on request.", "Nothing to do."),
  BACKUP_DONE("A backup was made and can be read.", "Nothing to do."),
  BACKUP_FAILED(
      "A backup failed; the ones before it are kept.",
      "Read the message: room on the backup volume, or PostgreSQL itself. The next one is made as"
          + " scheduled; one before a migration is tried again by itself."),

  AGENT_STARTING(
      "The agent that follows the branch is starting, or has not looked at the branch yet.",
      "Wait; if it lasts, see `kubectl logs` of the pod <environment>-gitops-agent."),

  CHECKS_PASSED("Every check through the ingress passed.", "Nothing to do."),
  PASSED_WITH_REMARKS(
      "Every critical check passed, but others failed.",
      "The message names them; the report in the release has them all."),
  CHECKS_RUNNING(
      "The checks have not given an answer yet.",
      "Wait; the message names the containers that still run."),
  CERTIFICATE_NOT_ISSUED(
      "Traefik still serves its built-in certificate, or cert-manager has not issued one yet.",
      "The domain's record must point here and port 80 be open from outside; where an attempt"
          + " failed before, the message keeps the authority's answer and what helps."
          + " With cert-manager the message names the issuer, the request or the certificate that"
          + " is not ready, and what it says."),
  CERTIFICATE_REFUSED(
      "The certificate authority did not issue a certificate in time.",
      "The message gives the authority's own words and what helps, as soon as it has answered. The"
          + " next attempt comes by itself at the time that the message gives: attempts are few."),
  CHECKS_FAILED(
      "A critical check failed, through the ingress or beside the serving version.",
      "The message names it and what it found."),

  FOLLOWING("The agent follows the branch.", "Nothing to do."),
  REPOSITORY_UNREACHABLE(
      "The Git server cannot be reached or gives no usable answer.",
      "See that its name resolves and that the agent's pod may reach it. It is tried again by"
          + " itself, after 5 minutes at most."),
  REPOSITORY_NOT_FOUND(
      "The Git server has no repository at the URL, or hides it from these credentials.",
      "Correct spec.gitops.repository, or let the token or key read that repository."),
  REPOSITORY_MOVED(
      "The Git server sends on to another host, which is not given the credentials.",
      "Put the repository's URL at the host that the message names into spec.gitops.repository."),
  REPOSITORY_EMPTY(
      "The repository has no branch yet.", "Push a first commit; it is noticed by itself."),
  BRANCH_MISSING(
      "The repository has no branch of the name in spec.gitops.branch.",
      "Push the branch, or correct spec.gitops.branch. Nothing that serves is changed."),
  CREDENTIALS_REFUSED(
      "The Git server does not accept the token or key, or asks for one and none is given.",
      "Put a valid one into the Secret that spec.gitops.credentials names; it is read again by"
          + " itself."),
  SSH_KEY_UNREADABLE(
      "The key sshPrivateKey of the Secret with the credentials is absent or cannot be used.",
      "Put a private key in PEM or OpenSSH form without a passphrase there."),
  HOST_KEY_UNKNOWN(
      "knownHosts has no key of the Git server.",
      "Compare the fingerprint in the message with the one that the server's owner publishes, then"
          + " put the server's line (from `ssh-keyscan`) into the key knownHosts of the Secret."),
  HOST_KEY_CHANGED(
      "The Git server shows another key than knownHosts has, or a revoked one.",
      "Ask the server's owner; only if the change was meant, put the new line into knownHosts."),
  CERTIFICATE_UNTRUSTED(
      "The Git server's certificate does not chain to a trusted authority, is not valid now, or is"
          + " for another name.",
      "Give the authority's certificates with spec.gitops.caBundle, or have the server's mended."),
  PIN_MISSING(
      "The Git server does not give the commit that spec.gitops.pin names.",
      "Correct the pin, or push a branch or tag that holds the commit."),
  GIT_FAILED(
      "Git met an error that has no name of its own.",
      "Read the message; it is tried again by itself."),
  NOTIFICATION_FAILED(
      "Somebody who is named in spec.notifications, or GitHub, cannot be told how a version fares."
          + " Nothing else is held up.",
      "Correct what the message names: the Secret, the address, or the receiver itself. A message is"
          + " tried for an hour; status.told of the release says what became of it."),

  SUSPENDED(
      "spec.suspend is true: nothing is changed and nothing is checked.",
      "Set spec.suspend to false; the conditions of the stages are as they last were."),
  READY("The environment is as its spec asks.", "Nothing to do."),
  UNEXPECTED_ERROR(
      "The operator met an error it does not know.",
      "It is tried again; the operator's log has the whole stack, once.");

  private final String cause;
  private final String cure;

  Reason(String cause, String cure) {
    this.cause = cause;
    this.cure = cure;
  }

  @Override
  public String cause() {
    return cause;
  }

  @Override
  public String cure() {
    return cure;
  }
}
