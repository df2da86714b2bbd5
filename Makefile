# Everything that the kit can do. `make help` lists it.
MAKEFLAGS += --no-builtin-rules  # only the rules below make a program
CFLAGS ?= -O2 -g
KIT_CFLAGS = -std=c17 -Wall -Wextra -Wpedantic -Wshadow -Wconversion
# It finds CC, HOW, PEER, SEED and the like in its environment.
LAB = PYTHONPATH=tests PYTHONDONTWRITEBYTECODE=1 PYTHONCOERCECLOCALE=0 \
	python3 -m lab
quoted = '$(subst ','\'',$(1))'
NN = $(call quoted,$*)

sources := $(wildcard chapters/[0-9]*/*.c chapters/[0-9]*/*/*.c)
common := $(wildcard chapters/common/*)
posix := $(patsubst %.c,%,$(shell grep -L '<winsock2.h>' $(sources)))
winsock := $(patsubst %.c,%.exe,$(shell grep -l '<winsock2.h>' $(sources)))
MINGW = x86_64-w64-mingw32-gcc
mingw := $(shell command -v $(MINGW) 2>&1)
numbers := $(sort $(foreach d,$(wildcard chapters/[0-9]*/),\
	$(firstword $(subst -, ,$(notdir $(d:/=))))))

needed = $(if $(shell grep -l '../common/' $(1)),$(filter %.c,$(common)))

##@ To build
all: $(posix) $(if $(mingw),$(winsock)) ## build every program beside its source

$(posix): %: %.c $(common)
	$(CC) $(KIT_CFLAGS) $(CFLAGS) $< $(call needed,$<) -lpthread -o $@

$(winsock): %.exe: %.c
	$(if $(mingw),,$(error no $(MINGW) here: install gcc-mingw-w64-x86-64))
	$(MINGW) $(KIT_CFLAGS) $(CFLAGS) $< -o $@ -lws2_32

.SECONDEXPANSION:
$(numbers): $$(filter chapters/$$@-%,$(posix) $(winsock)) ## build the programs of one chapter: make 03

help: ## say all this
	@awk -F ':.* ## ' '/^##@/ { printf "%s%s\n", gap, substr($$0, 5); gap = "\n" } \
	    /^[^\t ]+:.* ## / { sub(/\$$\(numbers\)|%/, "NN", $$1); \
	    printf "  make %-14s %s\n", $$1, $$2 }' Makefile
	@$(LAB) peers

##@ To learn
demo: ## guess, then look: three servers hang up, in two minutes
	@$(LAB) demo

trace-%: ## run and draw a chapter: make trace-04 HOW=rd PEER=NAME
	@$(LAB) trace $(NN)

matrix-%: ## what a chapter's programs survive, and why: make matrix-03
	@$(LAB) matrix $(NN)

read: ## read notes and code side by side, in your browser
	@$(LAB) read

book: ## the same, made but not opened: chapters/book/book.html
	@$(LAB) book

test-%: ## test one chapter, after you have changed it: make test-03
	@sh tests/run --chapter=$(NN) --tb=no -rN

doctor: ## what this machine can and can't do, and what to install
	@$(LAB) doctor

##@ Exercises: work on the files in exercises/NN-name/
check-%: ## judge your answer: make check-01 (SEED=7 repeats a run)
	@$(LAB) check $(NN)

trace-check-%: ## draw all that it does there: trace-check-01 PEER=NAME
	@$(LAB) trace-check $(NN)

watch-%: ## judge it at every save, until all is green
	@$(LAB) watch $(NN)

hint-%: ## one hint more each time you ask
	@$(LAB) hint $(NN)

reset-%: ## restore the starter; your file is kept beside it
	@$(LAB) reset $(NN)

score: ## all exercises at a glance
	@$(LAB) score

##@ For instructors
collect: ## sort a course site's download: FROM=download INTO=folder
	@$(LAB) collect

grade: ## grade a class: SUBMISSIONS=folder (EXERCISE, ROSTER, OUT)
	@$(LAB) grade

regrade: ## grade one student again: SUBMISSIONS=folder STUDENT=name
	@$(LAB) regrade

gradescope: ## pack an autograder for Gradescope: EXERCISE=01
	@$(LAB) gradescope

classroom50: ## make an autograder's folder for Classroom 50: EXERCISE=01
	@$(LAB) classroom50

handout: ## pack the kit for students, without any answers
	@$(LAB) handout

##@ For those who change the kit
test: ## run all tests (gets pytest itself)
	@sh tests/run

soak: ## run the long forms: 300 kills, larger files, every fault
	@sh tests/run --soak

wires: ## draw every chapter's wire.svg anew, from fresh captures
	@$(LAB) wires

matrix: ## measure what each program survives, and say it in README
	@$(LAB) matrix

race: ## measure speed beside what people use (SVG=file draws it)
	@$(LAB) race

race-%: ## measure a chapter beside what people use: make race-12
	@$(LAB) race $(NN)

clean: ## remove what was built
	rm -rf $(posix) $(winsock) tests/.venv tests/.built

# With -B make would remake these too.
Makefile $(sources) $(common): ;

.DEFAULT:
	@printf "make: there is no '%s' here; 'make help' says what there is\n" \
	    $(call quoted,$@) >&2
	@exit 2

.PHONY: all $(numbers) help demo book read test soak score collect grade regrade \
	gradescope classroom50 handout wires matrix race doctor clean
