package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;

/** Checks before any object is created: capacity of the nodes, and the domains' DNS records. */
public record InfrastructureSpec(
    @JsonPropertyDescription("Room for what the environment asks.") Capacity capacity,
    @JsonPropertyDescription("DNS records of the domains.") Dns dns) {

  public InfrastructureSpec {
    capacity = capacity == null ? new Capacity(null, null) : capacity;
    dns = dns == null ? new Dns(null, null) : dns;
  }

  /** The effect of a failed check. */
  public enum Mode {
    /** The stage is not done until the check passes. */
    Enforce,
    /** The condition reports it and stays True. */
    Warn,
    /** The check does not run. */
    Off,
    /** The same as Off, which YAML reads as a boolean when it is not quoted. */
    Ignore;

    static Mode of(Mode given, String otherwise) {
      var mode = given == null ? valueOf(otherwise) : given;
      return mode == Ignore ? Off : mode;
    }
  }

  /** Capacity of the nodes that the environment's pods may run on. */
  public record Capacity(
      @Default(DEFAULT_MODE)
          @JsonPropertyDescription(
              "What happens when the pods' requests exceed what the nodes have left: Enforce, Warn"
                  + " or Ignore (or \"Off\", in quotes).")
          Mode mode,
      @JsonPropertyDescription("What the nodes must have together, whoever uses it.")
          Minimum minimum) {

    static final String DEFAULT_MODE = "Enforce";

    public Capacity {
      mode = Mode.of(mode, DEFAULT_MODE);
      minimum = minimum == null ? new Minimum(null, null, null, null) : minimum;
    }
  }

  /** The minimum that the nodes must have together. */
  public record Minimum(
      @Default(DEFAULT_CPU)
          @Size(max = 20)
          @ValidationRule(value = "self.matches('" + CPU_PATTERN + "')", message = CPU_MESSAGE)
          @JsonPropertyDescription("CPU, in cores or in thousandths of one (m).")
          String cpu,
      @Default(DEFAULT_MEMORY)
          @Size(max = 20)
          @ValidationRule(value = Storage.RULE, message = Storage.MESSAGE)
          @JsonPropertyDescription("Memory.")
          String memory,
      @Default(DEFAULT_STORAGE)
          @Size(max = 20)
          @ValidationRule(value = Storage.RULE, message = Storage.MESSAGE)
          @JsonPropertyDescription("Disk of the nodes (ephemeral-storage).")
          String storage,
      @Default(DEFAULT_MODE)
          @JsonPropertyDescription("What happens when the nodes have less: Enforce, Warn or Off.")
          Mode mode) {

    static final String CPU_PATTERN = "^[1-9][0-9]{0,6}m?$";
    static final String CPU_MESSAGE =
        "is not an amount of CPU: give whole cores or thousandths, for example 4 or 500m";
    static final String DEFAULT_CPU = "4";
    static final String DEFAULT_MEMORY = "8Gi";
    static final String DEFAULT_STORAGE = "100Gi";
    static final String DEFAULT_MODE = "Warn";

    public Minimum {
      cpu = cpu == null ? DEFAULT_CPU : cpu;
      memory = memory == null ? DEFAULT_MEMORY : memory;
      storage = storage == null ? DEFAULT_STORAGE : storage;
      mode = Mode.of(mode, DEFAULT_MODE);
    }
  }

  /** The domains' records, compared with the addresses at which the environment is reached. */
  public record Dns(
      @Default(DEFAULT_MODE)
          @JsonPropertyDescription(
              "What happens when a domain's A or AAAA record is absent or leads elsewhere. Enforce:"
                  + " no certificate is asked for that domain until it is right. Warn: the condition"
                  + " tells it. Ignore (or \"Off\", in quotes): it is not looked at.")
          Mode mode,
      @Size(max = 60)
          @ValidationRule(
              value = "self.matches('" + RESOLVER_PATTERN + "')",
              message = RESOLVER_MESSAGE)
          @JsonPropertyDescription(
              "DNS server to ask, as ip or (IPv4 only) ip:port; the operator's own when absent.")
          String resolver) {

    static final String RESOLVER_PATTERN =
        "^([0-9]{1,3}([.][0-9]{1,3}){3}(:[0-9]{1,5})?"
            + "|[0-9a-fA-F]*:[0-9a-fA-F]*:[0-9a-fA-F:]*)$";
    static final String RESOLVER_MESSAGE =
        "is not the address of a DNS server: give one like 192.0.2.53, 192.0.2.53:5353 or"
            + " 2001:db8::53";
    static final String DEFAULT_MODE = "Enforce";

    public Dns {
      mode = Mode.of(mode, DEFAULT_MODE);
    }
  }
}
