# Shared by the scripts here: where the repository is, and how they speak.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../../../.." && pwd)

say() { printf '%s\n' "$*"; }
step() {
  step_started=$(date +%s.%N)
  printf '%s ... ' "$*"
}
done_step() { awk -v s="$step_started" -v e="$(date +%s.%N)" -v w="${*:-done}" 'BEGIN {printf "%s (%.1f s)\n", w, e - s}'; }
fail() {
  printf '\nerror: %s\n' "$*" >&2
  exit 1
}
