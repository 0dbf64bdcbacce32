/** Reads the repository: its branch, its commits and their files. */
package ru.scoliologic.staging.agent.git;
