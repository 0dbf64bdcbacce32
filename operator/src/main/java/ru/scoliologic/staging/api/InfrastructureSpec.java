package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;

/** Checks before any object is created: capacity of the nodes, and the domains' DNS records. */
public record InfrastructureSpec(
    @JsonPropertyDescription("Check of the capacity that the environment requires.")
        Capacity capacity,
    @JsonPropertyDescription("Check of the domains' DNS records.") Dns dns) {

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
              "Effect when the requests of the pods exceed the free capacity of the nodes:"
                  + " Enforce, Warn or Ignore (or \"Off\", in quotes).")
          Mode mode,
      @JsonPropertyDescription(
              "Minimum that the nodes must have in total, whether it is in use or not.")
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
          @JsonPropertyDescription("CPU, in cores or millicores (m).")
          String cpu,
      @Default(DEFAULT_MEMORY)
          @Size(max = 20)
          @ValidationRule(value = Storage.RULE, message = Storage.MESSAGE)
          @JsonPropertyDescription("Memory, as a whole number with Mi, Gi or Ti.")
          String memory,
      @Default(DEFAULT_STORAGE)
          @Size(max = 20)
          @ValidationRule(value = Storage.RULE, message = Storage.MESSAGE)
          @JsonPropertyDescription(
              "Disk of the nodes (ephemeral-storage), as a whole number with Mi, Gi or Ti.")
          String storage,
      @Default(DEFAULT_MODE)
          @JsonPropertyDescription(
              "Effect when the nodes have less: Enforce, Warn or Ignore (or \"Off\", in"
                  + " quotes).")
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
              "Effect when the A or AAAA record of a domain is missing or wrong. Enforce: no"
                  + " certificate is requested for that domain until its record is right. Warn:"
                  + " the condition reports it. Ignore (or \"Off\", in quotes): the record is not"
                  + " checked.")
          Mode mode,
      @Size(max = 60)
          @ValidationRule(
              value = "self.matches('" + RESOLVER_PATTERN + "')",
              message = RESOLVER_MESSAGE)
          @JsonPropertyDescription(
              "DNS server to query, as ip or (IPv4 only) ip:port. Defaults to the resolver"
                  + " of the operator's pod.")
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
